#include "machine/surroundings.hpp"

namespace canrun {
namespace {

struct Sign {
  std::string_view text, name;
};

constexpr Sign firmware_signs[] = {
    {"Amazon EC2", "aws"},     {"Google Compute Engine", "gcp"},
    {"VMware", "vmware"},      {"VirtualBox", "virtualbox"},
    {"innotek", "virtualbox"}, {"Xen", "xen"},
    {"QEMU", "kvm"},           {"KVM", "kvm"},
    {"OpenStack", "kvm"},      {"Parallels", "parallels"},
    {"Bochs", "kvm"},
};

}  // namespace

std::string virtual_machine(const SystemFiles& files, bool hypervisor_flag) {
  const std::string release = files.text("/proc/sys/kernel/osrelease");
  if (contains_word(release, "microsoft") || contains_word(files.text("/proc/version"), "microsoft")) return "wsl";
  const std::string vendor = files.text("/sys/class/dmi/id/sys_vendor"),
                    product = files.text("/sys/class/dmi/id/product_name");
  if (contains_word(vendor, "Microsoft") && contains_word(product, "Virtual Machine"))
    return files.text("/sys/class/dmi/id/chassis_asset_tag") == "7783-7084-3265-9085-8269-3286-77" ? "azure"
                                                                                                   : "hyper-v";
  for (const Sign& sign : firmware_signs) {
    const bool metal = sign.name == "aws" && product.find(".metal") != std::string::npos;
    if (!metal && (contains_word(vendor, sign.text) || contains_word(product, sign.text)))
      return std::string(sign.name);
  }
  return hypervisor_flag ? "guest" : "";
}

std::string container(const SystemFiles& files) {
  const std::string groups = files.text("/proc/1/cgroup") + files.text("/proc/self/cgroup");
  if (contains_word(groups, "kubepods") || files.exists("/var/run/secrets/kubernetes.io")) return "kubernetes";
  if (files.exists("/.dockerenv") || contains_word(groups, "docker")) return "docker";
  if (files.exists("/run/.containerenv") || contains_word(groups, "libpod")) return "podman";
  if (contains_word(groups, "/lxc")) return "lxc";
  return {};
}

}  // namespace canrun
