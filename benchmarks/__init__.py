"""What is measured: speed and memory, as ratios against plain scripts in the same run."""
