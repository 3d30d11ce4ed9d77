"""What a tenant is: Pulumi components. They declare; they call no cloud, read no file and ask no clock."""
