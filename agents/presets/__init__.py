"""Teams to begin with. A preset is a YAML file beside this one and its name in `registry.NAMES`."""
