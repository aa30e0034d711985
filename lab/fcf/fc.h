/*
 * fc.h: the constants of Fibre Channel and FCoE that the fabric speaks
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sources: FC-FS (frames), FC-LS (extended link services), FC-GS (generic
 * services, the name server), FC-BB-5 (FCoE and FIP).
 */

#pragma once

/* FC-BB-5: Ethernet */
enum {
    ETHERTYPE_FCOE = 0x8906,
    ETHERTYPE_FIP = 0x8914,

    FC_MAP = 0x0efc00,          /* upper half of a fabric-provided MAC */
};

/* FC-BB-5: the FCoE encapsulation around an FC frame */
enum {
    FCOE_HEADER_LEN = 14,       /* version, reserved, SOF */
    FCOE_TRAILER_LEN = 8,       /* CRC, EOF, reserved */

    SOF_F = 0x28,
    SOF_I2 = 0x2d,
    SOF_I3 = 0x2e,              /* first frame of a class 3 sequence */
    SOF_N2 = 0x35,
    SOF_N3 = 0x36,              /* the frames after it */

    EOF_N = 0x41,
    EOF_T = 0x42,               /* last frame of a sequence */
};

/* FC-FS: the frame header */
enum {
    FC_HEADER_LEN = 24,
    FC_PAYLOAD_MAX = 2112,
    FC_PAYLOAD_MIN = 256,       /* the least that a login may offer */

    RCTL_REQUEST_CONTROL = 0x02,
    RCTL_REPLY_CONTROL = 0x03,
    RCTL_ELS_REQUEST = 0x22,
    RCTL_ELS_REPLY = 0x23,

    TYPE_BLS = 0x00,
    TYPE_ELS = 0x01,
    TYPE_FCP = 0x08,
    TYPE_CT = 0x20,

    FCTL_RESPONDER = 0x800000,
    FCTL_FIRST_SEQUENCE = 0x200000,
    FCTL_LAST_SEQUENCE = 0x100000,
    FCTL_END_SEQUENCE = 0x080000,
    FCTL_TRANSFER_INITIATIVE = 0x010000,

    NO_EXCHANGE = 0xffff,
};

/* FC-FS: well-known addresses */
enum {
    FCID_NAME_SERVER = 0xfffffc,
    FCID_CONTROLLER = 0xfffffd,
    FCID_F_PORT = 0xfffffe,
    FCID_WELL_KNOWN = 0xfffff0, /* the lowest of them */
};

/* FC-LS: commands, the first byte of an ELS payload */
enum {
    ELS_LS_RJT = 0x01,
    ELS_LS_ACC = 0x02,
    ELS_PLOGI = 0x03,
    ELS_FLOGI = 0x04,
    ELS_LOGO = 0x05,
    ELS_FDISC = 0x51,
    ELS_RSCN = 0x61,
    ELS_SCR = 0x62,
};

/* FC-LS: parts of the login payload */
enum {
    LOGIN_PAYLOAD_LEN = 116,

    FEATURE_F_PORT = 0x1000,    /* in FLOGI's LS_ACC: I am a fabric … */
    FEATURE_NPIV = 0x2000,      /* … and take several N_Port_IDs per link */
    FEATURE_CONTINUOUS_OFFSET = 0x8000,

    CLASS_VALID_SEQUENTIAL = 0x8800,
};

/* FC-LS: LS_RJT reasons and explanations */
enum {
    REASON_LOGICAL_ERROR = 0x03,
    REASON_PROTOCOL_ERROR = 0x07,
    REASON_UNABLE = 0x09,
    REASON_UNSUPPORTED = 0x0b,

    EXPLAIN_NOTHING = 0x00,
    EXPLAIN_BAD_PORT_NAME = 0x0d,
    EXPLAIN_BAD_NODE_NAME = 0x0e,
    EXPLAIN_LOGIN_REQUIRED = 0x1e,
    EXPLAIN_NO_RESOURCES = 0x29,
    EXPLAIN_UNSUPPORTED = 0x2c,
};

/* FC-LS: what SCR asks to hear of; RSCN's pages */
enum {
    SCR_FABRIC = 1,
    SCR_PORTS = 2,
    SCR_ALL = 3,
    SCR_CLEAR = 255,

    RSCN_PAGE_LEN = 4,
};

/* FC-GS: the common transport header and the name server */
enum {
    CT_HEADER_LEN = 16,
    CT_REVISION = 1,
    CT_DIRECTORY = 0xfc,
    CT_NAME_SERVER = 0x02,
    CT_REJECT = 0x8001,
    CT_ACCEPT = 0x8002,

    NS_GPN_ID = 0x0112,         /* port name of an address */
    NS_GPN_FT = 0x0172,         /* ports of an FC-4 type */
    NS_RNN_ID = 0x0213,         /* register: node name */
    NS_RFT_ID = 0x0217,         /* FC-4 types */
    NS_RSPN_ID = 0x0218,        /* symbolic port name */
    NS_RFF_ID = 0x021f,         /* FC-4 features */
    NS_RSNN_NN = 0x0239,        /* symbolic node name */

    CT_REASON_BAD_COMMAND = 0x01,
    CT_REASON_LOGICAL_ERROR = 0x03,
    CT_REASON_UNABLE = 0x09,
    CT_REASON_UNSUPPORTED = 0x0b,

    CT_EXPLAIN_NOTHING = 0x00,
    CT_EXPLAIN_NO_PORT_ID = 0x01,
    CT_EXPLAIN_NO_FC4_TYPES = 0x07,
    CT_EXPLAIN_NOT_YOURS = 0x10,

    FC4_TYPES_LEN = 32,
    FCP_TARGET = 0x01,          /* FC-4 features of FCP */
    FCP_INITIATOR = 0x02,

    PORT_ENTRY_LEN = 16,        /* one port in the answer to GPN_FT */
    PORT_ENTRY_LAST = 0x80,
};

/* FC-BB-5: FIP operations and their subcodes */
enum {
    FIP_HEADER_LEN = 10,
    FIP_VERSION = 1,
    FIP_WORD = 4,               /* lengths count in these */

    FIP_DISCOVERY = 1,
    FIP_SOLICITATION = 1,
    FIP_ADVERTISEMENT = 2,

    FIP_LINK_SERVICE = 2,
    FIP_REQUEST = 1,
    FIP_REPLY = 2,

    FIP_CONTROL = 3,
    FIP_KEEP_ALIVE = 1,
    FIP_CLEAR_VIRTUAL_LINKS = 2,

    FIP_FPMA = 0x8000,          /* flags */
    FIP_AVAILABLE = 0x0004,
    FIP_SOLICITED = 0x0002,
    FIP_FROM_FCF = 0x0001,
};

/* FC-BB-5: FIP descriptors; those from 128 on may be ignored */
enum {
    FIP_PRIORITY = 1,
    FIP_MAC = 2,
    FIP_FC_MAP = 3,
    FIP_NAME = 4,
    FIP_FABRIC = 5,
    FIP_FCOE_SIZE = 6,
    FIP_FLOGI = 7,
    FIP_FDISC = 8,
    FIP_LOGO = 9,
    FIP_ELP = 10,
    FIP_VN_PORT = 11,
    FIP_FKA_PERIOD = 12,
    FIP_NOT_CRITICAL = 128,

    FIP_DEFAULT_PRIORITY = 128,
    FIP_FKA_PERIOD_MS = 8000,   /* advertisements and keep-alives */
};
