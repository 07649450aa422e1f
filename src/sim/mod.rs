//! A broker in a box: the same protocols from the other side.
