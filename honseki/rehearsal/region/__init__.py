"""The rehearsal region: an AWS emulator on this machine, with an account per municipality.

`control` starts, stops and questions it; `server` is the process. It is moto's own dispatcher with the backends
that moto lacks beside moto's, and a store under them so that what was answered with success survives the process.
"""
