#pragma once
/// Whether this is a guest or a container, and of which kind.

#include <string>

#include "machine/system_files.hpp"

namespace canrun {

/// `kvm`, `vmware`, `virtualbox`, `hyper-v`, `xen`, `wsl`, `aws`, `gcp`, `azure`; `guest` when only the processor says
/// so; empty on bare metal.
std::string virtual_machine(const SystemFiles& files, bool hypervisor_flag);

/// `docker`, `podman`, `kubernetes`, `lxc`; empty outside.
std::string container(const SystemFiles& files);

}  // namespace canrun
