"""AWS resources as tables over botocore's service models: what a Pulumi type is, and which calls make it so."""
