"""What moves between nodes: ions by diffusion, electrodiffusion, through glia."""
