// SPDX-License-Identifier: GPL-2.0
/*
 * Description: threads of a process give the command file random commands, right, nearly right and
 * wrong ones, in random order: objects are made, changed and destroyed while other threads use
 * them, queues are mapped, filled with garbage, rung and unmapped. The process harms only itself.
 *
 * PINLESS_TEST_COMMANDS: commands of each thread (default 1500). Prints a seed; PINLESS_TEST_SEED
 * repeats the random numbers of every thread, though not the order of threads.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_user_ioctl.h>

#include "pinless-abi.h"
#include "t_leak.h"
#include "t_op.h"
#include "t_options.h"
#include "t_queue.h"

#define THREADS		4
/* Most objects of each kind that the process keeps, those that it loses aside. */
#define SLOTS		12
#define PAGES		64
#define SCRATCH		(PAGES * T_PAGE)
/* Few, so that regions and queue pairs often belong together. */
#define PDS		2
/* The largest length of an entry; nothing of the process lies within it. */
#define GUARD		(4ULL << 30)
#define WORDS_MAX	128
#define MASK_INIT	(IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS)
#define MASK_RTR	(IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | \
			 IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER)
#define MASK_RTS	(IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY | \
			 IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC)

enum what { PD, CQ, QP, MR, ADVISE, MODIFY, QUERY, MAP, RING, OTHER, WHATS };

static const char *const what_names[] = {
	"alloc_pd", "create_cq", "create_qp", "reg_mr", "advise_mr", "modify_qp", "query_qp",
	"mmap", "ring", "another command",
};

/*
 * Other threads may change these at any time: using an object that is gone, or has become another
 * one by now, is the point.
 */
struct object {
	volatile uint32_t handle, number;
	volatile uint64_t iova;
	volatile uint64_t offset[2], length[2];
	volatile uint32_t stride;
};

/* Other threads write into a mapping only while they hold its lock. */
struct map {
	pthread_mutex_t lock;
	char *start;
	size_t len;
};

struct fuzz {
	struct t_dev d;
	struct object object[MR + 1][SLOTS];
	struct map map[SLOTS];
	char *scratch;
	/* Producer index of a queue pair, by its slot; only a guess. */
	volatile uint32_t prod[SLOTS];
	unsigned int count;
};

struct job {
	uint64_t seed;
	unsigned int count;
	uint32_t foreign_qpn;
};

struct worker {
	struct fuzz *f;
	uint64_t seed;
	uint32_t foreign_qpn;
	unsigned int done[WHATS], refused[WHATS];
};

static uint64_t odds(struct worker *w, unsigned int one_in)
{
	return t_rand(&w->seed) % one_in == 0;
}

static uint64_t strange(struct worker *w)
{
	static const uint64_t values[] = {
		0, 1, 2, 0x7f, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
		~0ULL, 1ULL << 63, 0xffff888000000000, T_PAGE - 1, T_PAGE,
	};

	return odds(w, 3) ? t_rand(&w->seed) : values[t_rand(&w->seed) % T_ARRAY_SIZE(values)];
}

static struct object *pick(struct worker *w, enum what what)
{
	return &w->f->object[what][t_rand(&w->seed) % (what == PD ? PDS : SLOTS)];
}

static uint32_t handle(struct worker *w, enum what what)
{
	if (odds(w, 24))
		return strange(w);
	/* Numbers of handles are small, whatever they stand for. */
	return odds(w, 24) ? t_rand(&w->seed) % 64 : pick(w, what)->handle;
}

static uint32_t qpn(struct worker *w)
{
	if (odds(w, 24))
		return odds(w, 2) ? w->foreign_qpn : strange(w);
	return pick(w, QP)->number;
}

static bool counted(struct worker *w, enum what what, bool ok)
{
	if (ok)
		w->done[what]++;
	else
		w->refused[what]++;
	return ok;
}

/*
 * Issues one command. @req begins with the address of the response where there is one, which is
 * never made random: the kernel would write to wherever it points in this process.
 */
static bool command(struct worker *w, enum what what, uint32_t nr, const void *req, size_t req_len,
		    void *resp, size_t resp_len)
{
	struct {
		struct ib_uverbs_cmd_hdr hdr;
		uint32_t word[WORDS_MAX];
	} cmd = {
		.hdr = { nr, (sizeof(cmd.hdr) + req_len) / 4, resp_len / 4 },
	};
	uint64_t to = (uintptr_t)resp;
	size_t len;

	memcpy(cmd.word, req, req_len);
	if (resp)
		memcpy(cmd.word, &to, sizeof(to));
	if (odds(w, 32))
		cmd.hdr.in_words = 2 + t_rand(&w->seed) % WORDS_MAX;
	if (odds(w, 32))
		cmd.hdr.out_words = t_rand(&w->seed) % (resp_len / 4 + 1);
	/* None of the extended ones, whose responses have other units. */
	if (odds(w, 256))
		cmd.hdr.command = strange(w) & 0xffff;
	len = 4 * cmd.hdr.in_words;
	if (odds(w, 64))
		len = t_rand(&w->seed) % sizeof(cmd);
	return counted(w, what, write(w->f->d.ctx->cmd_fd, &cmd, len) == (ssize_t)len);
}

static void destroy(struct worker *w, enum what what, uint32_t object)
{
	struct ib_uverbs_destroy_cq_resp resp;
	struct ib_uverbs_destroy_qp qp = { .qp_handle = object };

	switch (what) {
	case PD:
		command(w, OTHER, IB_USER_VERBS_CMD_DEALLOC_PD, &object, 4, NULL, 0);
		break;
	case MR:
		command(w, OTHER, IB_USER_VERBS_CMD_DEREG_MR, &object, 4, NULL, 0);
		break;
	case CQ:
		/* Both have one layout, and the response of a queue pair fits as well. */
		command(w, OTHER, IB_USER_VERBS_CMD_DESTROY_CQ, &qp, sizeof(qp), &resp,
			sizeof(resp));
		break;
	default:
		command(w, OTHER, IB_USER_VERBS_CMD_DESTROY_QP, &qp, sizeof(qp), &resp,
			sizeof(resp));
		break;
	}
}

/* Keeps what was made in the place of another, which is destroyed or, now and then, lost. */
static struct object *keep(struct worker *w, enum what what, uint32_t made)
{
	struct object *o = pick(w, what);
	uint32_t old = o->handle;

	if (old && !odds(w, 16))
		destroy(w, what, old);
	o->handle = made;
	return o;
}

static void make_pd(struct worker *w)
{
	struct ib_uverbs_alloc_pd req = {};
	struct ib_uverbs_alloc_pd_resp resp = {};

	if (!command(w, PD, IB_USER_VERBS_CMD_ALLOC_PD, &req, sizeof(req), &resp, sizeof(resp)))
		return;
	/* Objects must often meet in one domain, or few commands would get far. */
	if (!pick(w, PD)->handle || odds(w, 32))
		keep(w, PD, resp.pd_handle);
	else
		destroy(w, PD, resp.pd_handle);
}

static void make_cq(struct worker *w)
{
	struct ib_uverbs_create_cq req = {
		.cqe = odds(w, 8) ? strange(w) | 0x200000 : 1 + t_rand(&w->seed) % 300,
		.comp_vector = odds(w, 16) ? strange(w) : 0,
		.comp_channel = odds(w, 8) ? (int)(t_rand(&w->seed) % 16) : -1,
	};
	struct {
		struct ib_uverbs_create_cq_resp core;
		struct pinless_uresp_create_cq own;
	} resp = {};
	struct object *o;

	if (!command(w, CQ, IB_USER_VERBS_CMD_CREATE_CQ, &req, sizeof(req), &resp, sizeof(resp)))
		return;
	o = keep(w, CQ, resp.core.cq_handle);
	o->offset[0] = resp.own.map.offset;
	o->length[0] = resp.own.map.length;
}

static uint32_t size(struct worker *w, unsigned int usual)
{
	return odds(w, 24) ? strange(w) | 0x10000 : t_rand(&w->seed) % usual;
}

static void make_qp(struct worker *w)
{
	struct ib_uverbs_create_qp req = {
		.pd_handle = handle(w, PD),
		.send_cq_handle = handle(w, CQ),
		.recv_cq_handle = handle(w, CQ),
		.srq_handle = odds(w, 16) ? strange(w) : 0,
		.max_send_wr = size(w, 64),
		.max_recv_wr = size(w, 64),
		.max_send_sge = size(w, 8),
		.max_recv_sge = size(w, 8),
		.max_inline_data = size(w, 300),
		.sq_sig_all = t_rand(&w->seed) & 1,
		.qp_type = odds(w, 16) ? strange(w) : IBV_QPT_RC,
		.is_srq = odds(w, 32),
		.reserved = odds(w, 64),
	};
	struct {
		struct ib_uverbs_create_qp_resp core;
		struct pinless_uresp_create_qp own;
	} resp = {};
	struct object *o;

	if (!command(w, QP, IB_USER_VERBS_CMD_CREATE_QP, &req, sizeof(req), &resp, sizeof(resp)))
		return;
	o = keep(w, QP, resp.core.qp_handle);
	w->f->prod[o - w->f->object[QP]] = 0;
	o->number = resp.core.qpn;
	o->offset[0] = resp.own.sq.offset;
	o->length[0] = resp.own.sq.length;
	o->stride = resp.own.sq_stride;
	o->offset[1] = resp.own.rq.offset;
	o->length[1] = resp.own.rq.length;
}

static void make_mr(struct worker *w)
{
	uint64_t off = t_rand(&w->seed) % SCRATCH, start = (uintptr_t)w->f->scratch + off;
	struct ib_uverbs_reg_mr req = {
		.start = start,
		.length = t_rand(&w->seed) % (SCRATCH - off) + 1,
		.hca_va = start,
		.pd_handle = handle(w, PD),
		.access_flags = odds(w, 16) ? strange(w) :
				(t_rand(&w->seed) & 15) | (t_rand(&w->seed) & IBV_ACCESS_ON_DEMAND),
	};
	struct ib_uverbs_reg_mr_resp resp = {};
	struct object *o;

	if (odds(w, 8))
		req.hca_va = odds(w, 2) ? start & (T_PAGE - 1) : strange(w);
	/* The guard, or no memory of any process. */
	if (odds(w, 16))
		req.start = odds(w, 2) ? start + 2 * SCRATCH : strange(w) | 1ULL << 47;
	if (odds(w, 16))
		req.length = odds(w, 2) ? t_rand(&w->seed) % GUARD : strange(w) | 1ULL << 47;
	if (!command(w, MR, IB_USER_VERBS_CMD_REG_MR, &req, sizeof(req), &resp, sizeof(resp)))
		return;
	o = keep(w, MR, resp.mr_handle);
	o->number = resp.lkey;
	o->iova = req.hca_va;
	o->length[0] = req.length < SCRATCH ? req.length : SCRATCH;
}

static bool modify(struct worker *w, uint32_t qp, uint32_t dest, enum ibv_qp_state to,
		   unsigned int mask)
{
	struct ib_uverbs_modify_qp req = {
		.qp_handle = qp,
		.attr_mask = mask,
		.qp_state = to,
		.dest_qp_num = dest,
		.qp_access_flags = odds(w, 8) ? strange(w) : 15,
		.path_mtu = IBV_MTU_1024,
		.max_rd_atomic = odds(w, 8) ? strange(w) : 4,
		.max_dest_rd_atomic = odds(w, 8) ? strange(w) : 4,
		.min_rnr_timer = 1,
		.port_num = odds(w, 32) ? strange(w) : 1,
		.timeout = 8,
		.retry_cnt = 1,
		.rnr_retry = t_rand(&w->seed) % 4,
		.dest = { .is_global = 1, .port_num = 1, .hop_limit = 1 },
	};
	/* None of the words is an address of this process: any may be wrong. */
	uint32_t *word = (void *)&req;

	memcpy(req.dest.dgid, &w->f->d.gid, sizeof(req.dest.dgid));
	req.dest.sgid_index = w->f->d.gid_index;
	if (odds(w, 16))
		word[t_rand(&w->seed) % (sizeof(req) / 4)] = strange(w);
	return command(w, MODIFY, IB_USER_VERBS_CMD_MODIFY_QP, &req, sizeof(req), NULL, 0);
}

static void change_qp(struct worker *w)
{
	struct object *o = pick(w, QP);
	uint32_t qp = o->handle, dest = o->number;

	if (odds(w, 3)) {
		modify(w, handle(w, QP), qpn(w), t_rand(&w->seed) % 8,
		       odds(w, 2) ? t_rand(&w->seed) & 0x1fffff : IBV_QP_STATE);
		return;
	}
	/* Mostly to itself: of random pairs, few would be connected to each other. */
	if (odds(w, 4))
		dest = qpn(w);
	if (odds(w, 2)) {
		modify(w, qp, dest, IBV_QPS_RESET, IBV_QP_STATE);
		w->f->prod[o - w->f->object[QP]] = 0;
	}
	modify(w, qp, dest, IBV_QPS_INIT, MASK_INIT);
	modify(w, qp, dest, IBV_QPS_RTR, MASK_RTR);
	modify(w, qp, dest, IBV_QPS_RTS, MASK_RTS);
}

static void query(struct worker *w)
{
	struct ib_uverbs_query_qp req = { .qp_handle = handle(w, QP), .attr_mask = strange(w) };
	struct ib_uverbs_query_qp_resp resp;

	command(w, QUERY, IB_USER_VERBS_CMD_QUERY_QP, &req, sizeof(req), &resp, sizeof(resp));
}

/* Commands that the device lacks, or that belong to the core, get no further than they should. */
static void other(struct worker *w)
{
	union {
		uint64_t word[20];
		struct ib_uverbs_rereg_mr rereg;
		struct ib_uverbs_resize_cq resize;
		struct ib_uverbs_create_ah ah;
		struct ib_uverbs_req_notify_cq notify;
	} req = {};
	uint64_t resp[32];

	switch (t_rand(&w->seed) % 4) {
	case 0:
		req.rereg.mr_handle = handle(w, MR);
		req.rereg.flags = t_rand(&w->seed) & 7;
		req.rereg.start = (uintptr_t)w->f->scratch;
		req.rereg.length = SCRATCH;
		req.rereg.hca_va = req.rereg.start;
		req.rereg.pd_handle = handle(w, PD);
		req.rereg.access_flags = t_rand(&w->seed) & 15;
		command(w, OTHER, IB_USER_VERBS_CMD_REREG_MR, &req, sizeof(req.rereg), resp,
			sizeof(struct ib_uverbs_rereg_mr_resp));
		break;
	case 1:
		req.resize.cq_handle = handle(w, CQ);
		req.resize.cqe = t_rand(&w->seed) % 256;
		command(w, OTHER, IB_USER_VERBS_CMD_RESIZE_CQ, &req, sizeof(req.resize), resp,
			sizeof(struct ib_uverbs_resize_cq_resp));
		break;
	case 2:
		req.ah.pd_handle = handle(w, PD);
		req.ah.attr.port_num = 1;
		req.ah.attr.is_global = t_rand(&w->seed) & 1;
		command(w, OTHER, IB_USER_VERBS_CMD_CREATE_AH, &req, sizeof(req.ah), resp,
			sizeof(struct ib_uverbs_create_ah_resp));
		break;
	default:
		req.notify.cq_handle = handle(w, CQ);
		command(w, OTHER, IB_USER_VERBS_CMD_REQ_NOTIFY_CQ, &req, sizeof(req.notify), NULL,
			0);
		break;
	}
}

struct ioctl_cmd {
	struct ib_uverbs_ioctl_hdr hdr;
	struct ib_uverbs_attr attr[4];
};

static bool give(struct worker *w, enum what what, struct ioctl_cmd *cmd)
{
	struct ib_uverbs_attr *attr = &cmd->attr[t_rand(&w->seed) % 4];

	cmd->hdr.driver_id = PINLESS_DRIVER_ID;
	cmd->hdr.length = sizeof(cmd->hdr) + cmd->hdr.num_attrs * sizeof(cmd->attr[0]);
	/* Nothing here is written by the kernel, so that anything may be wrong. */
	if (odds(w, 24))
		attr->len = strange(w);
	if (odds(w, 24))
		attr->attr_id = odds(w, 2) ? strange(w) : attr->attr_id ^ 1;
	if (odds(w, 24))
		attr->flags = strange(w);
	if (odds(w, 24))
		cmd->hdr.num_attrs = t_rand(&w->seed) % 5;
	if (odds(w, 48))
		cmd->hdr.length = strange(w);
	return counted(w, what, !ioctl(w->f->d.ctx->cmd_fd, RDMA_VERBS_IOCTL, cmd));
}

static struct t_region region(struct worker *w)
{
	struct object *o = pick(w, MR);

	return (struct t_region){ o->iova, o->length[0], o->number };
}

static void advise(struct worker *w)
{
	struct t_region r[2] = { region(w), region(w) };
	struct ib_uverbs_sge sge[8];
	unsigned int i, nr = odds(w, 2) ? 1 : t_rand(&w->seed) % T_ARRAY_SIZE(sge) + 1;
	struct ioctl_cmd cmd = {
		.hdr = {
			.object_id = UVERBS_OBJECT_MR,
			.method_id = UVERBS_METHOD_ADVISE_MR,
			.num_attrs = 4,
		},
		.attr = {
			{ .attr_id = UVERBS_ATTR_ADVISE_MR_PD_HANDLE, .data = handle(w, PD) },
			{ .attr_id = UVERBS_ATTR_ADVISE_MR_ADVICE, .len = 8,
			  .data = t_rand(&w->seed) % 4 },
			{ .attr_id = UVERBS_ATTR_ADVISE_MR_FLAGS, .len = 4,
			  .data = t_rand(&w->seed) & 1 },
			{ .attr_id = UVERBS_ATTR_ADVISE_MR_SGE_LIST, .len = nr * sizeof(sge[0]),
			  .data = (uintptr_t)sge },
		},
	};

	for (i = 0; i < nr; i++) {
		sge[i].addr = r[i & 1].iova + (odds(w, 8) ? strange(w) : 0);
		sge[i].length = odds(w, 8) ? strange(w) : t_rand(&w->seed) % (r[i & 1].len + 1);
		sge[i].lkey = odds(w, 24) ? strange(w) : r[i & 1].key;
	}
	for (i = 0; i < 4; i++)
		cmd.attr[i].flags = UVERBS_ATTR_F_MANDATORY;
	give(w, ADVISE, &cmd);
}

static bool ring_for(struct worker *w, uint32_t queue, uint32_t n)
{
	struct ioctl_cmd cmd = {
		.hdr = {
			.object_id = PINLESS_OBJECT_QUEUE,
			.method_id = PINLESS_METHOD_RING,
			.num_attrs = 1,
		},
		.attr = { {
			.attr_id = PINLESS_ATTR_RING_WORD,
			.len = 8,
			.flags = UVERBS_ATTR_F_MANDATORY,
			.data = (uint64_t)n << 32 | queue,
		} },
	};

	return give(w, RING, &cmd);
}

static void ring(struct worker *w)
{
	unsigned int slot = t_rand(&w->seed) % SLOTS;
	uint32_t n = w->f->prod[slot] + t_rand(&w->seed) % 8;
	uint32_t queue = odds(w, 24) ? qpn(w) : w->f->object[QP][slot].number;

	if (odds(w, 8))
		queue |= PINLESS_RING_RECV;
	if (odds(w, 24))
		n = strange(w);
	if (ring_for(w, queue, n))
		w->f->prod[slot] = n;
	else if (odds(w, 4))
		w->f->prod[slot] = t_rand(&w->seed) % 4;
}

/* Maps a queue in the place of another mapping. */
static void map(struct worker *w)
{
	struct map *m = &w->f->map[t_rand(&w->seed) % SLOTS];
	unsigned int second = t_rand(&w->seed) & 1;
	struct object *o = pick(w, odds(w, 3) ? CQ : QP);
	size_t len = o->length[second];
	uint64_t offset = o->offset[second];
	int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED;
	char *start;

	if (odds(w, 16))
		len += odds(w, 2) ? T_PAGE : -T_PAGE;
	if (odds(w, 16))
		offset = odds(w, 2) ? offset + T_PAGE : strange(w) & ~(T_PAGE - 1);
	if (odds(w, 16))
		flags = MAP_PRIVATE;
	if (odds(w, 32))
		prot |= PROT_EXEC;
	start = mmap(NULL, len, prot, flags, w->f->d.ctx->cmd_fd, offset);
	if (!counted(w, MAP, start != MAP_FAILED))
		return;
	pthread_mutex_lock(&m->lock);
	if (m->start)
		munmap(m->start, m->len);
	m->start = start;
	m->len = len;
	pthread_mutex_unlock(&m->lock);
}

static void scribble(struct worker *w)
{
	struct map *m = &w->f->map[t_rand(&w->seed) % SLOTS];
	struct t_region r[2] = { region(w), region(w) };
	unsigned int i;
	size_t at;

	pthread_mutex_lock(&m->lock);
	for (i = 0; i < 8 && m->start; i++) {
		at = t_rand(&w->seed) % (m->len / 64);
		if (odds(w, 4))
			((volatile uint32_t *)m->start)[t_rand(&w->seed) % 4] =
				odds(w, 2) ? t_rand(&w->seed) % 64 : strange(w);
		else if (64 * at + T_ENTRY_BYTES <= m->len)
			t_entry_random(m->start + 64 * at, r, 2, &w->seed);
	}
	pthread_mutex_unlock(&m->lock);
}

/*
 * Makes a queue pair ready, fills in entries and rings at once: left to chance, its first entry
 * would be an empty one, and the others would seldom be reached.
 */
static void run_qp(struct worker *w)
{
	struct object *o = pick(w, QP);
	struct t_region r[2] = { region(w), region(w) };
	uint32_t qp = o->handle, number = o->number, stride = o->stride;
	size_t len = o->length[0], at = PINLESS_CTL_BYTES;
	char *start = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, w->f->d.ctx->cmd_fd,
			   o->offset[0]);
	unsigned int n;

	if (!counted(w, MAP, start != MAP_FAILED))
		return;
	modify(w, qp, number, IBV_QPS_RESET, IBV_QP_STATE);
	modify(w, qp, number, IBV_QPS_INIT, MASK_INIT);
	modify(w, qp, number, IBV_QPS_RTR, MASK_RTR);
	modify(w, qp, number, IBV_QPS_RTS, MASK_RTS);
	for (n = 0; n < 4 && at + T_ENTRY_BYTES <= len; n++, at += stride)
		t_entry_random(start + at, r, 2, &w->seed);
	ring_for(w, number, n);
	munmap(start, len);
}

/* Each page is full of its own number: other bytes are the device's. */
static void refill(struct worker *w)
{
	unsigned int page = t_rand(&w->seed) % PAGES;
	char *start = w->f->scratch + page * T_PAGE;

	madvise(start, T_PAGE, MADV_DONTNEED);
	memset(start, page + 1, T_PAGE);
}

static unsigned int written(const struct fuzz *f)
{
	unsigned int i, n = 0;

	for (i = 0; i < SCRATCH; i++)
		n += f->scratch[i] && f->scratch[i] != (char)(i / T_PAGE + 1);
	return n;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	static void (*const acts[])(struct worker *w) = {
		make_pd, make_cq, make_qp, make_qp, make_mr, make_mr, change_qp, change_qp,
		query, other, advise, ring, ring, run_qp, run_qp, map, map, scribble, scribble,
	};
	unsigned int i;

	for (i = 0; i < w->f->count; i++) {
		acts[t_rand(&w->seed) % T_ARRAY_SIZE(acts)](w);
		if (odds(w, 32))
			refill(w);
	}
	return NULL;
}

static int fuzz(void *arg)
{
	static struct fuzz fuzz;
	struct job *j = arg;
	struct worker w[THREADS];
	pthread_t thread[THREADS];
	unsigned int i, k, done, refused;
	char *guard;

	fuzz.d = t_dev_open();
	fuzz.count = j->count;
	/*
	 * Kernels before 6.2 pin private memory by force, whatever its protection, and would fill
	 * all of it: the guard is shared.
	 */
	guard = mmap(NULL, GUARD + 8 * SCRATCH, PROT_NONE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (guard == MAP_FAILED)
		t_die("the guard: %s", strerror(errno));
	/* Keys and addresses may be wrong by a region's length in either direction. */
	fuzz.scratch = mmap(guard + 2 * SCRATCH, SCRATCH, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (fuzz.scratch == MAP_FAILED)
		t_die("memory within the guard: %s", strerror(errno));
	for (i = 0; i < PAGES; i++)
		memset(fuzz.scratch + i * T_PAGE, i + 1, T_PAGE);
	for (i = 0; i < SLOTS; i++)
		pthread_mutex_init(&fuzz.map[i].lock, NULL);
	for (i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ .f = &fuzz, .seed = j->seed + i,
					.foreign_qpn = j->foreign_qpn };
		t_thread(&thread[i], work, &w[i]);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (k = 0; k < WHATS; k++) {
		for (i = done = refused = 0; i < THREADS; i++) {
			done += w[i].done[k];
			refused += w[i].refused[k];
		}
		printf("%s: %u done, %u refused\n", what_names[k], done, refused);
		t_check(done && refused, "%s: expected some done and some refused, seen %u and %u",
			what_names[k], done, refused);
	}
	printf("written by the device: %u bytes of %lu\n", written(&fuzz), SCRATCH);
	fflush(stdout);
	/* Nothing is torn down: cleaning up is left to the kernel. */
	_exit(t_finish());
}

int main(void)
{
	uint64_t own = 5;
	struct job j = { .count = t_option("PINLESS_TEST_COMMANDS", 1500) };
	struct t_leak leak;
	struct t_buf l, r;
	struct t_pair p;
	struct t_dev d;
	unsigned int i;
	pid_t pid;

	t_start(60 + j.count / 20);
	j.seed = t_seed(0);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("gives commands and queues in the format of pinless");
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_ODP, 32 * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_ODP, 32 * T_PAGE, T_ACCESS_ALL);
	t_leak_begin(&leak);
	j.foreign_qpn = p.b.qp->qp_num;
	t_case("seed %llu, %u commands of each of %u threads", (unsigned long long)j.seed,
	       j.count, THREADS);
	pid = t_fork(fuzz, &j);
	t_wait(pid, "the process with the random commands");
	t_leak_end(&leak);
	/* Another process has noticed nothing. */
	for (i = 0; i < 50 && !t_failures(); i++) {
		struct t_op op = {
			.opcode = i & 1 ? IBV_WR_RDMA_READ : IBV_WR_SEND,
			.l = &l, .loff = t_rand(&own) % 1000,
			.r = &r, .roff = t_rand(&own) % 1000,
			.len = t_rand(&own) % 20000,
		};

		t_do(&p, &op);
	}
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
