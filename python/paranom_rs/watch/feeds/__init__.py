"""Where samples come from: files that grow, standard input, iterators, a generated plant, MQTT, Kafka.

A feed has a ``name``, ``channels``, and ``batches(position, stop)``, which gives `Samples` until it ends or ``stop`` is
set. `paranom_rs.watch.feeds.pump.Pump` gives them to a `Watch`.
"""
