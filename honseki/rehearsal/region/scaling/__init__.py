"""EC2 Auto Scaling where moto leaves something out."""
