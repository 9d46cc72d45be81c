#include "machine/surroundings.hpp"

#include "machine/host_memory.hpp"

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

// What the device tree of an emulated board is called: QEMU's `virt` machines, POWER partitions and Loongson's guests.
constexpr Sign tree_signs[] = {{"dummy-virt", "kvm"}, {"qemu", "kvm"}, {"core-virtio", "kvm"}};

}  // namespace

std::string virtual_machine(const SystemFiles& files, bool hypervisor_flag) {
  const std::string release = files.text("/proc/sys/kernel/osrelease");
  if (contains_word(release, "microsoft") || contains_word(files.text("/proc/version"), "microsoft")) return "wsl";
  const std::string vendor = files.text("/sys/class/dmi/id/sys_vendor"),
                    product = files.text("/sys/class/dmi/id/product_name");
  if (contains_word(vendor, "Microsoft") && contains_word(product, "Virtual Machine"))
    return files.text("/sys/class/dmi/id/chassis_asset_tag") == azure_asset_tag ? "azure" : "hyper-v";
  for (const Sign& sign : firmware_signs) {
    const bool metal = sign.name == "aws" && product.find(".metal") != std::string::npos;
    if (!metal && (contains_word(vendor, sign.text) || contains_word(product, sign.text)))
      return std::string(sign.name);
  }
  std::string board = files.text("/proc/device-tree/model");
  if (board.empty()) board = files.text("/proc/device-tree/compatible");
  for (const Sign& sign : tree_signs)
    if (contains_word(board, sign.text)) return std::string(sign.name);
  // IBM Z: the second level of virtualisation names its control program.
  const std::string program = field(files.text("/proc/sysinfo"), "VM00 Control Program");
  if (!program.empty()) return contains_word(program, "KVM") ? "kvm" : "z/VM";
  return hypervisor_flag || firmware_is_virtual(files.bytes("/sys/firmware/dmi/tables/DMI")) ? "guest" : "";
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
