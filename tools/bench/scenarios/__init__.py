"""What is measured, one module each: a `measure` function that returns tables and targets."""
