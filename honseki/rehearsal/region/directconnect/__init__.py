"""AWS Direct Connect: hosted connections, private virtual interfaces, Direct Connect gateways."""
