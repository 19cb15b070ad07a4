# SPDX-License-Identifier: BSD-2-Clause

# SHAKEDOWN_NEED_MODULE(PREFIX, MODULE, DEBIAN-PACKAGE): PREFIX_CFLAGS and PREFIX_LIBS from
# pkg-config. What is missing is remembered for SHAKEDOWN_NEED_END.
AC_DEFUN([SHAKEDOWN_NEED_MODULE], [
PKG_CHECK_MODULES([$1], [$2], [],
	[AS_VAR_APPEND([need_libraries], [" $2"])
	AS_VAR_APPEND([need_packages], [" $3"])])
])

# SHAKEDOWN_NEED_LIBNET: NET_CFLAGS and NET_LIBS. libnet before 1.3 has no .pc file but a
# libnet-config, which knows the macros that its header wants; those that would turn other headers
# into BSD's stay out.
AC_DEFUN([SHAKEDOWN_NEED_LIBNET], [
AC_PATH_TOOL([LIBNET_CONFIG], [libnet-config])
NET_CFLAGS=
NET_LIBS=-lnet
AS_IF([test -n "$LIBNET_CONFIG"],
	[NET_CFLAGS=`{ $LIBNET_CONFIG --cflags; $LIBNET_CONFIG --defines; } |
		sed 's/-D_[[A-Z_]]*//g' | xargs`
	NET_LIBS=`$LIBNET_CONFIG --libs`])
saved_CFLAGS=$CFLAGS
saved_LIBS=$LIBS
CFLAGS="$CFLAGS $NET_CFLAGS"
LIBS="$NET_LIBS $LIBS"
AC_MSG_CHECKING([for libnet])
AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <libnet.h>]],
	[[char text[LIBNET_ERRBUF_SIZE]; return !libnet_init(LIBNET_RAW4, 0, text);]])],
	[AC_MSG_RESULT([yes])],
	[AC_MSG_RESULT([no])
	AS_VAR_APPEND([need_libraries], [" libnet"])
	AS_VAR_APPEND([need_packages], [" libnet1-dev"])])
CFLAGS=$saved_CFLAGS
LIBS=$saved_LIBS
AC_SUBST([NET_CFLAGS])
AC_SUBST([NET_LIBS])
])

# SHAKEDOWN_NEED_END: stops if anything was missing, and says how to get it.
AC_DEFUN([SHAKEDOWN_NEED_END], [
AS_IF([test -n "$need_libraries"],
	[AC_MSG_ERROR([missing:$need_libraries. On Debian and Ubuntu: apt-get install$need_packages])])
])
