"""The same architecture data and the same weights outside MXNet.

One file for each framework, which imports it at its top; this page imports none.
The files in the order of explanation: `places` (what each layer is called, here and elsewhere),
`params` (the file in which Gluon keeps weights, without MXNet), `weights` (whose weights does a
file hold?); `operators` and `onnx` (what ONNX calls each layer, and the file of a whole net);
`_torch` (imports PyTorch and finds its devices), `torch` (its nets), `begin` (the weights that a
training begins with).
"""
