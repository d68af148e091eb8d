"""From a folder to an image where the cluster can run it. The only room that imports docker."""
