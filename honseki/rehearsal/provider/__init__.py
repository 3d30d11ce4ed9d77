"""The Pulumi resource provider that stands in for pulumi-aws where only the rehearsal region is served."""
