"""What is proven of the whole: kills, faults, load and hostile input, through real processes."""
