"""Load balancers where moto leaves something out: those of the network kind, and protection against deletion.

https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html (attributes, DNS name),
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html,
https://docs.aws.amazon.com/general/latest/gr/elb.html (hosted zones)
"""

from __future__ import annotations

from typing import Any

from moto.elbv2 import urls
from moto.elbv2.exceptions import DuplicateLoadBalancerName, ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeListener, FakeLoadBalancer

NETWORK = "network"
_ZONES = {"ap-northeast-1": "Z31USIVHYNEOWT", "ap-northeast-3": "Z1GWIQ4HH19I5X"}
"""Hosted zones of network load balancers, in the regions that the rehearsal has."""
_ATTRIBUTES = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "dns_record.client_routing_policy": "any_availability_zone",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
_WITH_TLS = ("HTTPS", "TLS")


class BalancersBackend(ELBv2Backend):
    """moto's load balancers, target groups and listeners."""

    def create_load_balancer(self, name: str, *args: Any, **kwargs: Any) -> FakeLoadBalancer:
        """CreateLoadBalancer; names are unique in a region."""
        if any(kept.name == name for kept in self.load_balancers.values()):
            raise DuplicateLoadBalancerName
        made = super().create_load_balancer(name, *args, **kwargs)
        if made.type == NETWORK:
            self._make_network(made, kwargs.get("tags") or [])
        return made

    def _make_network(self, made: FakeLoadBalancer, tags: list[dict[str, str]]) -> None:
        """moto names every load balancer as an application's."""
        del self.load_balancers[made.arn]
        self.tagging_service.delete_all_tags_for_resource(made.arn)
        made.arn = made.arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
        made.dns_name = f"{made.name}-{made.arn.rsplit('/', 1)[1]}.elb.{self.region_name}.amazonaws.com"
        made.canonical_hosted_zone_id = _ZONES.get(self.region_name, made.canonical_hosted_zone_id)
        made.attrs = dict(_ATTRIBUTES)
        self.load_balancers[made.arn] = made
        self.tagging_service.tag_resource(made.arn, tags)

    def delete_load_balancer(self, arn: str) -> None:
        """DeleteLoadBalancer; of one that is gone it succeeds."""
        kept = self.load_balancers.get(arn)
        if kept is not None and kept.attrs.get("deletion_protection.enabled") == "true":
            text = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
            raise ELBClientError("OperationNotPermitted", text)
        super().delete_load_balancer(arn)
        self.tagging_service.delete_all_tags_for_resource(arn)

    def create_listener(self, *args: Any, **kwargs: Any) -> FakeListener:
        """CreateListener; only one that ends TLS has a policy for it."""
        made = super().create_listener(*args, **kwargs)
        if made.protocol not in _WITH_TLS:
            # moto gives every protocol a policy.
            made.ssl_policy = None  # type: ignore[assignment]
        return made

    @property
    def _url_module(self) -> Any:
        return urls
