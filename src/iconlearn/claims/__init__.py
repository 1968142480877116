"""Claims of the built-in methods: what each loss equals, against published formulas and other libraries."""
