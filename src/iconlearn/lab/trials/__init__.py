"""What experiments measure, apart from what they say of it: numbers are kept while these files are the same."""
