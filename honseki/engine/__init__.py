"""The Pulumi engine: where it comes from, and one tenant's preview, up, refresh and destroy in a process of its own."""
