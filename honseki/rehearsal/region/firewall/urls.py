"""Where moto's dispatcher finds the handler."""

from moto.route53resolver.urls import url_bases

from honseki.rehearsal.region.firewall.responses import ResolverResponse

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/$": ResolverResponse.dispatch}
