#!/bin/bash
install_conf() {
	if [ -d /etc/app ]; then
		cat <<-'END' > /etc/app/app.ini
			[server]
			port = 9000
			debug = false
		END
	fi
}
install_conf
