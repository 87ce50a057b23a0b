select as_of, clinic, source, origin from manifest
