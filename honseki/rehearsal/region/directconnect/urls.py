"""Where moto's dispatcher finds the handler."""

from honseki.rehearsal.region.directconnect.responses import DirectConnectResponse

url_bases = [r"https?://directconnect\.(.+)\.amazonaws\.com"]

url_paths = {"{0}/$": DirectConnectResponse.dispatch}
