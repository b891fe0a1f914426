"""The executable specification: slow, readable, NumPy only.

``philox`` and ``fmath`` are the ground: bits and elementary functions. ``random`` gives every draw its
address. ``rules`` says what each distribution, signal and transform is, ``schedule`` where events are,
``generator`` puts them together. What these modules compute is the definition of stream 1; the library must
give the same bits, faster.
"""
