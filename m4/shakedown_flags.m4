# SPDX-License-Identifier: BSD-2-Clause

# SHAKEDOWN_SWITCH(NAME, HELP): --enable-NAME, "no" unless asked for; sets enable_NAME.
AC_DEFUN([SHAKEDOWN_SWITCH], [
AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [$2])], [], [enable_$1=no])
AS_CASE([$enable_$1], [yes|no], [], [AC_MSG_ERROR([--enable-$1 takes no value but yes or no])])
])

# SHAKEDOWN_TRY_FLAGS(VARIABLE, FLAGS): appends to VARIABLE each of FLAGS that the compiler takes.
AC_DEFUN([SHAKEDOWN_TRY_FLAGS], [
for flag in m4_normalize([$2])
do
	AC_MSG_CHECKING([whether $CC takes $flag])
	saved_CFLAGS=$CFLAGS
	# Werror: clang only warns about a flag that it does not know.
	CFLAGS="$CFLAGS -Werror $flag"
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([[extern int shakedown_try; int shakedown_try;]])],
		[AC_MSG_RESULT([yes])
		AS_VAR_SET_IF([$1], [AS_VAR_APPEND([$1], [" $flag"])], [$1=$flag])],
		[AC_MSG_RESULT([no])])
	CFLAGS=$saved_CFLAGS
done
])

# SHAKEDOWN_NEED_FLAGS(FLAGS, WHAT, REMEDY): stops unless a program can be linked with FLAGS.
AC_DEFUN([SHAKEDOWN_NEED_FLAGS], [
AC_MSG_CHECKING([whether $CC can link with $2])
saved_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS $1"
AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AC_MSG_RESULT([yes])],
	[AC_MSG_RESULT([no])
	AC_MSG_ERROR([$CC cannot link with $2: install $3])])
CFLAGS=$saved_CFLAGS
])
