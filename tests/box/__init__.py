"""The image of the Dockerfile, really built and run by buildah, without Docker, on a base of Debian's packages."""
