"""Route 53 Resolver DNS Firewall, which moto's Route 53 Resolver lacks."""
