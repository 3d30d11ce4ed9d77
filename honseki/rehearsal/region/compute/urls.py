"""Where moto's dispatcher finds the handler."""

from moto.ec2.urls import url_bases

from honseki.rehearsal.region.compute.responses import ComputeResponse

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/": ComputeResponse.dispatch}
