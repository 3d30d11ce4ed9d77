"""RDS where moto leaves something out: replicas and backups in other regions, parameter groups, subnet groups."""
