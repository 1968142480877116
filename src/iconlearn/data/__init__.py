"""Data: tables from files and from memory, graphs, images and samplers."""
