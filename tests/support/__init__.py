"""What tests share: manifests, builders, worlds (a sandbox, an operator on a control plane), faulty servers."""
