//! The step function on AWS Lambda.

fn main() {}
