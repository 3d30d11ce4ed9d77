"""EBS's direct API: snapshots written and read block by block. What moto takes at face value is checked."""
