"""AWS Backup where moto leaves something out: access policies, versions of plans, selections, restore testing."""
