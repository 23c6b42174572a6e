// What reading and writing does for each CSR that isn't mere storage. Used by the table in csr.cpp only.
#pragma once

#include "cpu/riscv/csr.hpp"
#include "cpu/riscv/hart.hpp"

namespace orrery::riscv::csr {

// Floating point
u64 read_fcsr(Hart& hart, u32 number);
void write_fflags(Hart& hart, u32 number, u64 value);
void write_frm(Hart& hart, u32 number, u64 value);
void write_fcsr(Hart& hart, u32 number, u64 value);
bool float_accessible(Hart& hart, u32 number);

// Identity and status
u64 read_zero(Hart& hart, u32 number);
u64 read_misa(Hart& hart, u32 number);
u64 read_hart_id(Hart& hart, u32 number);
u64 read_tinfo(Hart& hart, u32 number);
u64 read_mstatus(Hart& hart, u32 number);
void write_mstatus(Hart& hart, u32 number, u64 value);
u64 read_sstatus(Hart& hart, u32 number);
void write_sstatus(Hart& hart, u32 number, u64 value);

// Traps and interrupts
void write_mtvec(Hart& hart, u32 number, u64 value);
void write_stvec(Hart& hart, u32 number, u64 value);
void write_mideleg(Hart& hart, u32 number, u64 value);
void write_mie(Hart& hart, u32 number, u64 value);
u64 read_mip(Hart& hart, u32 number);
u64 read_mip_to_modify(Hart& hart, u32 number);
void write_mip(Hart& hart, u32 number, u64 value);
u64 read_sie(Hart& hart, u32 number);
void write_sie(Hart& hart, u32 number, u64 value);
u64 read_sip(Hart& hart, u32 number);
u64 read_sip_to_modify(Hart& hart, u32 number);
void write_sip(Hart& hart, u32 number, u64 value);
void write_stimecmp(Hart& hart, u32 number, u64 value);
bool stimecmp_accessible(Hart& hart, u32 number);

// Memory
void write_menvcfg(Hart& hart, u32 number, u64 value);
void write_senvcfg(Hart& hart, u32 number, u64 value);
void write_satp(Hart& hart, u32 number, u64 value);
bool satp_accessible(Hart& hart, u32 number);
u64 read_pmpcfg(Hart& hart, u32 number);
void write_pmpcfg(Hart& hart, u32 number, u64 value);
u64 read_pmpaddr(Hart& hart, u32 number);
void write_pmpaddr(Hart& hart, u32 number, u64 value);

// Counters
u64 read_counter(Hart& hart, u32 number); // user and machine numbers of any counter
bool counter_accessible(Hart& hart, u32 number);
void write_counter(Hart& hart, u32 number, u64 value);
u64 read_time(Hart& hart, u32 number);
void write_mcountinhibit(Hart& hart, u32 number, u64 value);
u64 read_mhpmevent(Hart& hart, u32 number);
void write_mhpmevent(Hart& hart, u32 number, u64 value);
u64 read_scountovf(Hart& hart, u32 number);

} // namespace orrery::riscv::csr
