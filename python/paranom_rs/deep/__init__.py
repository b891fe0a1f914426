"""Recurrent autoencoders and LSTM-AD."""
