// Two tracepoints with the payload of our own record: three 64-bit and two 32-bit integers.
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER spanreel_peer
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./provider.h"

#if !defined(PROVIDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define PROVIDER_H

#include <lttng/tracepoint.h>
#include <stdint.h>

LTTNG_UST_TRACEPOINT_EVENT_CLASS(spanreel_peer, edge,
    LTTNG_UST_TP_ARGS(uint64_t, duration, uint64_t, id, uint64_t, parent, uint32_t, layer, uint32_t, bytes),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, duration, duration)
        lttng_ust_field_integer(uint64_t, id, id)
        lttng_ust_field_integer(uint64_t, parent, parent)
        lttng_ust_field_integer(uint32_t, layer, layer)
        lttng_ust_field_integer(uint32_t, bytes, bytes)))

LTTNG_UST_TRACEPOINT_EVENT_INSTANCE(spanreel_peer, edge, spanreel_peer, begin,
    LTTNG_UST_TP_ARGS(uint64_t, duration, uint64_t, id, uint64_t, parent, uint32_t, layer, uint32_t, bytes))
LTTNG_UST_TRACEPOINT_EVENT_INSTANCE(spanreel_peer, edge, spanreel_peer, end,
    LTTNG_UST_TP_ARGS(uint64_t, duration, uint64_t, id, uint64_t, parent, uint32_t, layer, uint32_t, bytes))

#endif

#include <lttng/tracepoint-event.h>
