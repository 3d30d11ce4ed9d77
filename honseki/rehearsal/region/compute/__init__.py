"""EC2 where moto leaves something out, or differs from AWS, in what a tenant needs."""
