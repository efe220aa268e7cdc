// SPDX-License-Identifier: BSD-3-Clause
// Ownership of a handle of GnuTLS: OwnedHandle<gnutls_x509_crt_t, gnutls_x509_crt_deinit>.
#pragma once

#include <memory>
#include <type_traits>

namespace astral {

template <auto free>
struct FreeHandle {
  template <typename T>
  void operator()(T *handle) const {
    free(handle);
  }
};
template <typename Handle, auto free>
using OwnedHandle = std::unique_ptr<std::remove_pointer_t<Handle>, FreeHandle<free>>;

}  // namespace astral
