"""Building in the cluster: sources go there over an exec, Buildah builds and pushes. See docs/builders.md."""
