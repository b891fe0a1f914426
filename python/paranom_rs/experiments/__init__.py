"""Experiments that anyone can run again: each is one command, and writes a table and a picture.

=============================================  ============================================================
``python -m paranom_rs.experiments.pump``      RNN, GRU, LSTM autoencoders on the pump of the article
``python -m paranom_rs.experiments.shuttle``   LSTM-AD calibrated on real and on generated anomalies
``python -m paranom_rs.experiments.detectors`` all detectors side by side
``python -m paranom_rs.experiments.ranking``   their ranks on the benchmark suite and on real recordings
=============================================  ============================================================

``--help`` says what each wants. They need ``pip install ".[deep,plot]"``.
"""
