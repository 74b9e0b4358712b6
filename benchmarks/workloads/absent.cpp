#include "network.hpp"

// What a peer does that the program was built without.

namespace bench {

#if !defined(BENCH_DISPATCH)
void add_idm_dispatch(Sides&, const Layer&, const Operands&, Pass, int) {}
void add_idm_dispatch_inference(Sides&, Model, const Parameters&, const Series&, int) {}
void add_idm_dispatch_tick(Sides&, const Parameters&, const Series&) {}
#endif

#if !defined(BENCH_ONEDNN)
void add_onednn(Sides&, const Layer&, const Operands&, Pass, int) {}
void add_onednn_inference(Sides&, const Parameters&, const Series&, int) {}
void add_onednn_training(Sides&, const Parameters&, const Series&, int) {}
std::string onednn_version() { return ""; }
#endif

#if !defined(BENCH_LIBTORCH)
void add_libtorch(Sides&, const Layer&, const Operands&, Pass, int) {}
void add_libtorch_inference(Sides&, Model, const Parameters&, const Series&, int) {}
void add_libtorch_training(Sides&, Model, const Parameters&, const Series&, int) {}
std::string libtorch_version() { return ""; }
std::string libtorch_objection() { return ""; }
#endif

}  // namespace bench
