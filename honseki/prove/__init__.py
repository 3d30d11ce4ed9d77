"""The command `prove`: declarations, the cloud or a folder in, one answer out. `honseki.reachability` reads nothing."""
