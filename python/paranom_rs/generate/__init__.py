"""The generator: rules, variables, anomalies, and the datasets that they give."""
