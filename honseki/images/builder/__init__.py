"""The image builder: a manifest, templates and Debian packages in, a disk out; the same inputs, the same bits."""
