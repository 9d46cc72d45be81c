#pragma once
/// Whether this is a guest or a container, and of which kind.

#include <string>
#include <string_view>

#include "machine/system_files.hpp"

namespace canrun {

/// The asset tag that every machine of Azure has.
inline constexpr std::string_view azure_asset_tag = "7783-7084-3265-9085-8269-3286-77";

/// `kvm`, `vmware`, `virtualbox`, `hyper-v`, `xen`, `wsl`, `aws`, `gcp`, `azure`, `z/VM`; `guest` when only the
/// processor or the firmware's table says so; empty on bare metal.
std::string virtual_machine(const SystemFiles& files, bool hypervisor_flag);

/// `docker`, `podman`, `kubernetes`, `lxc`; empty outside.
std::string container(const SystemFiles& files);

}  // namespace canrun
