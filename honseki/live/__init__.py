"""What the cloud says: collected now, or read from a folder of answers that were collected before."""
