#pragma once
/// The model that is asked about, from the catalog or from a file.

#include <memory>
#include <string>
#include <vector>

#include "canrun/architecture.hpp"
#include "canrun/catalog.hpp"
#include "memory/prepared_model.hpp"

namespace canrun {

struct Subject {
  ModelRecord record;  ///< of a file: what its metadata says
  std::shared_ptr<const Architecture> architecture;
  std::shared_ptr<const PreparedModel> prepared;  ///< tensors of the 16-bit source, or with the types of a real file
  bool from_file = false;                         ///< tensors carry the types of a real file
  std::string path;                               ///< of the file or folder that a runtime is given; may be empty
  std::string file_quant;  ///< what the file says that it is quantised as; of a configuration alone only
                           ///< where it is that of a quantised checkpoint
  std::vector<std::string> notes;
  std::vector<std::string> assumed;  ///< of a model known by its size alone: what was taken for granted
  double doubt = 0;                  ///< SpeedProfile::doubt
};

/// Finds the model by name, or reads it where `name` is a path, `-` or a folder.
/// `mtp` keeps the multi-token-prediction blocks. Throws Error(unknown_name), Error(malformed) or
/// Error(unsupported_architecture).
Subject find_subject(const Catalog& catalog, const std::string& name, bool mtp);

/// The same for a catalog entry that has been looked up already.
Subject subject_of(ModelRecord record, bool mtp);

}  // namespace canrun
