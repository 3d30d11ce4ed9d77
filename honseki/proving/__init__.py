"""The proof at work: declarations, the cloud or a folder in, one answer out. `honseki.proof` itself reads nothing."""
