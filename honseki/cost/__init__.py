"""What a tenant costs to run, counted from its declared graph: in hours, months and GB, never in prices."""
