"""What tests share: manifests, builders of records, worlds (a sandbox, an operator on a control plane), faulty servers."""
