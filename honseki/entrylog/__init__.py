"""Entry logs of the data centre (the seed's safeguard ①): taken in, kept under object lock, and looked after.

Reading, deciding and doing are apart: `entries` turns an export into checked rows, `decide` says what has to be done
with it, `assess` what is to be reported, all without a clock or a cloud; `store` is the only module that knows S3.
"""
